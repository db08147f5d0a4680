import signal
import sys

try:
    from local_cloud.cli import main

    code = main(sys.argv[1:])
except KeyboardInterrupt:
    # while Python imports, `main` does not yet see to signals
    sys.stderr.write("stopped by SIGINT\n")
    code = 128 + signal.SIGINT
sys.exit(code)
