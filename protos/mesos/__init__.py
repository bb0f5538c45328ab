"""What Mesos calls things: the vocabulary that its clients already speak."""
