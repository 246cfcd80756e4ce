"""What encoders, decoders and heads are put together from."""
