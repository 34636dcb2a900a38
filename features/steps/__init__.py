"""What the sentences of the features do: Given makes, When gives `attempt`, Then reads it."""
