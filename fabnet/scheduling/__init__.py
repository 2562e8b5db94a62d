"""Who should make what, with numpy."""
