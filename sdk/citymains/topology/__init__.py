"""What a network's shape alone decides: segments between valves, isolation, what still reaches a source."""
