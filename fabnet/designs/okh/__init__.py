"""Open Know-How manifests, in every dialect that is written, in and out."""
