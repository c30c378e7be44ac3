"""The commands `trainsweep demo` and `trainsweep simulate`."""
