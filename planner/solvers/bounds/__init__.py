"""What no choice exceeds: Lagrangian prices and the linear relaxation."""
