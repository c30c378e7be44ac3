"""What `trainsweep check` looks at: one file a subject, each answers with findings."""
