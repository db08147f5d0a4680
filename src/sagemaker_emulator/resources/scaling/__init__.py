"""Application Auto Scaling's resources: scalable targets, their policies, and the activities that changed capacity."""
