"""What nobody at a desk can know: lost databases, and what people say of benches."""
