package server

import (
	"fmt"
	"time"
)

// Adjust changes limits of a Server that is in use: those that MaxClients,
// IdleTimeout and WriteTimeout have set, with zero meaning what it means there.
// Connections above a lower maxClients stay open. A timeout counts from the
// next wait on. If a value is not allowed, nothing changes.
func (s *Server) Adjust(maxClients int, idleTimeout, writeTimeout time.Duration) error {
	if err := s.setUpOnce(); err != nil {
		return err
	}
	if maxClients < 0 {
		return fmt.Errorf("gibson: server: MaxClients is %d, want 0 for the default or more", maxClients)
	}
	if err := s.setTimeouts(idleTimeout, writeTimeout); err != nil {
		return err
	}
	if maxClients == 0 {
		maxClients = DefaultMaxClients
	}
	s.mu.Lock()
	s.cfg.maxClients = maxClients // under mu, as the one place that reads it
	s.mu.Unlock()
	return nil
}

// AdjustMaxClientsPerAddress changes the limit that MaxClientsPerAddress has
// set, with zero meaning what it means there. Connections above a lower limit
// stay open. If n is not allowed, nothing changes.
func (s *Server) AdjustMaxClientsPerAddress(n int) error {
	if err := s.setUpOnce(); err != nil {
		return err
	}
	return s.setMaxPerAddress(n)
}

// setMaxPerAddress checks and sets the limit.
func (s *Server) setMaxPerAddress(n int) error {
	if n < 0 {
		return fmt.Errorf("gibson: server: MaxClientsPerAddress is %d, want 0 for no bound or more", n)
	}
	s.mu.Lock()
	s.crowd.max = n
	s.mu.Unlock()
	return nil
}

// AdjustMaxOutputMemory changes the limit that MaxOutputMemory has set, in
// bytes. With zero it is what it means there for the MaxMemory that Cache has
// now. Replies above a lower limit stay until they are read. If n is not
// allowed, nothing changes.
func (s *Server) AdjustMaxOutputMemory(n int64) error {
	if err := s.setUpOnce(); err != nil {
		return err
	}
	return s.setMaxOutput(n)
}

// setMaxOutput checks and sets the limit.
func (s *Server) setMaxOutput(n int64) error {
	if n < 0 {
		return fmt.Errorf("gibson: server: MaxOutputMemory is %d, want 0 for the default or more", n)
	}
	if n == 0 {
		n = max(s.Cache.Options().MaxMemory/10, leastOutput)
	}
	s.output.max.Store(n)
	return nil
}

// setTimeouts checks and sets both.
func (s *Server) setTimeouts(idle, write time.Duration) error {
	if idle < 0 {
		return fmt.Errorf("gibson: server: IdleTimeout is %v, want zero or more", idle)
	}
	if write < 0 {
		return fmt.Errorf("gibson: server: WriteTimeout is %v, want zero or more", write)
	}
	s.idleTimeout.Store(int64(idle))
	s.writeTimeout.Store(int64(write))
	return nil
}
