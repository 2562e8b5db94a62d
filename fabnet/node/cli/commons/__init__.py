"""Commands that say something for all to heed of a design."""
