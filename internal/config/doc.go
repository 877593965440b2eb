// Package config reads the values of configuration directives: sizes such as
// 64M and durations such as 15m. It imports nothing but the standard library
// and knows neither the server nor the cache.
package config
