// Package wire is the codec of the Gibson protocol.
package wire
