// Package policy previews the program with the real command line and the real policy pack: as it is, with one line changed, and with the additions of people who
// try to get around the rules. It needs neither a Docker Engine nor a stack.
package policy
