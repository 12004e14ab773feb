"""The command line: `citymains`. Commands of questions are made from the questions themselves."""
