"""Commands about the files of a design, before it is published."""
