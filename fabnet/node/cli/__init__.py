"""The commands of fabnet."""
