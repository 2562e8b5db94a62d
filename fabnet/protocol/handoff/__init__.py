"""The hand-off of a job, from both ends: who asks, and who makes."""
