"""LocalStack's EventBridge logs each event that matches no rule, whole, at INFO. Here the log keeps to warnings."""

import logging

LOGGER = "localstack.services.events.provider"


def install() -> None:
    if logging.getLogger().getEffectiveLevel() > logging.DEBUG:  # DEBUG=1 brings them back
        logging.getLogger(LOGGER).setLevel(logging.WARNING)
