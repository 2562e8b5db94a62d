"""What fabnet says, by code: words alone, which `sentences` speaks."""
