"""Find a figure: estimates, evaluated values, where they come from and what rests on them."""
