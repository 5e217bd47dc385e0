from wayscout.cli import main

main()
