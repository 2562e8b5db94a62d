"""Commands about what nobody at a desk can know."""
