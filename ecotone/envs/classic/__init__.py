"""The classic control tasks, compiled; step for step equal to Gymnasium's where Gymnasium has them."""
