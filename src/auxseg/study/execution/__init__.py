"""Training and evaluating the runs of a study, in processes of this machine or on a cluster."""
