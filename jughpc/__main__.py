"""Let `python -m jughpc` be the command `jughpc`."""

from jughpc.cli.main import main

if __name__ == "__main__":
    main()
