"""A whole plan: made, made better, and held against what no plan can undercut."""
