"""The Scones Unlimited workflow: stage, train, deploy, classify, report, over AWS APIs alone."""
