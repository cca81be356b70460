// Package e2e drives the real command line against a real Docker Engine and looks at what came of it. Build tag: e2e.
package e2e
