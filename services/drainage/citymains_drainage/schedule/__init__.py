"""The question `schedule`: a rolling plan for pumps and gates, verified in the engine and explained."""
