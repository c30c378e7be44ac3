"""OpenAI's fine-tuning jobs as a provider of Trainsweep."""
