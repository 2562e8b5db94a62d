"""What atheris runs: readers written in Python, fed whatever grows their coverage."""
