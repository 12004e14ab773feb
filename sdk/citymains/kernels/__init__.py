"""Fast repeated hydraulics: one symbolic factorisation per topology, many scenarios side by side."""
