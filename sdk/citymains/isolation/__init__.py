"""What to shut to take something out of service, who loses supply with it, and whom to tell: for every utility."""
