"""Who decides, by what rules, and who is credited."""
