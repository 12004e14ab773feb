"""The question `advise`: levels, pumps and rain in, the next commands out, every control step."""
