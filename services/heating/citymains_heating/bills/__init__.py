"""Bills for heat: by area, in two parts with a meter, for flats that pause."""
