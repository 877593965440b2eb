package server

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// scriptListener fails with a script of errors, nil standing for a connection,
// then waits until it is closed. It notes when it was asked.
type scriptListener struct {
	script []error
	asked  []time.Time
	once   sync.Once
	closed chan struct{}
}

func newScriptListener(script ...error) *scriptListener {
	return &scriptListener{script: script, closed: make(chan struct{})}
}

func (l *scriptListener) Accept() (net.Conn, error) {
	l.asked = append(l.asked, time.Now())
	if len(l.script) == 0 {
		<-l.closed
		return nil, net.ErrClosed
	}
	err := l.script[0]
	l.script = l.script[1:]
	if err != nil {
		return nil, err
	}
	ours, theirs := net.Pipe()
	return theirs, ours.Close()
}

func (l *scriptListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *scriptListener) Addr() net.Addr { return &net.UnixAddr{Name: "script", Net: "unix"} }

// errAccept is what the operating system answers when descriptors run out.
func errAccept(errno syscall.Errno) error {
	return &net.OpError{Op: "accept", Net: "unix", Err: os.NewSyscallError("accept4", errno)}
}

func TestAcceptBacksOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errAccept(syscall.EMFILE)
		l := newScriptListener(full, full, full, full, full, full, full, full, full, full, nil, full, full)
		srv := &Server{Cache: newCache(t, nil)}
		done := make(chan error)
		go func() { done <- srv.Serve(l) }()
		time.Sleep(time.Minute) // of the bubble's clock
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, ErrServerClosed) {
			t.Errorf("Serve: %v, want ErrServerClosed", err)
		}
		var got []time.Duration
		for i := range l.asked[1:] {
			got = append(got, l.asked[i+1].Sub(l.asked[i])/time.Millisecond)
		}
		want := []time.Duration{5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000, 0, 5, 10}
		if !slices.Equal(got, want) {
			t.Errorf("milliseconds between accepts: %d, want %d", got, want)
		}
	})
}

func TestCloseEndsBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newScriptListener(slices.Repeat([]error{errAccept(syscall.ENFILE)}, 100)...)
		srv := &Server{Cache: newCache(t, nil)}
		done := make(chan error)
		go func() { done <- srv.Serve(l) }()
		time.Sleep(20*time.Second + 300*time.Millisecond) // within a pause
		closed := time.Now()
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, ErrServerClosed) {
			t.Errorf("Serve: %v, want ErrServerClosed", err)
		}
		if !time.Now().Equal(closed) {
			t.Errorf("Serve returned %v after Close, want at once", time.Since(closed))
		}
	})
}

func TestServeGivesUp(t *testing.T) {
	for _, fatal := range []error{
		net.ErrClosed,
		io.EOF,
		errAccept(syscall.EBADF),
		fmt.Errorf("wrapped: %w", errAccept(syscall.EINVAL)),
	} {
		l := newScriptListener(fatal)
		srv := &Server{Cache: newCache(t, nil)}
		err := srv.Serve(l)
		if !errors.Is(err, fatal) {
			t.Errorf("Serve after %v: %v, want that error", fatal, err)
		}
		select {
		case <-l.closed:
		default:
			t.Errorf("Serve after %v left the listener open", fatal)
		}
	}
}

func TestMayRecover(t *testing.T) {
	for _, errno := range []syscall.Errno{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EPROTO,
	} {
		if !mayRecover(errAccept(errno)) {
			t.Errorf("mayRecover(%v) = false, want true", errno)
		}
	}
}

func TestBadConfigurations(t *testing.T) {
	c := newCache(t, nil)
	for name, srv := range map[string]*Server{
		"no cache":         {},
		"MaxClients":       {Cache: c, MaxClients: -1},
		"BusyPoll":         {Cache: c, BusyPoll: MaxBusyPoll + 1},
		"MaxRequestSize":   {Cache: c, MaxRequestSize: 1},
		"MaxRequestSize+":  {Cache: c, MaxRequestSize: 1<<31 - 1},
		"MaxResponseSize":  {Cache: c, MaxResponseSize: -1},
		"MaxBatchRequests": {Cache: c, MaxBatchRequests: -1},
		"MaxBatchBytes":    {Cache: c, MaxBatchBytes: -1},
		"IdleTimeout":      {Cache: c, IdleTimeout: -1},
		"WriteTimeout":     {Cache: c, WriteTimeout: -1},
	} {
		l := newScriptListener(io.EOF)
		if err := srv.Serve(l); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%s: Serve accepted although the configuration is bad (%v)", name, err)
		}
		ours, theirs := net.Pipe()
		if err := srv.ServeConn(theirs); err == nil {
			t.Errorf("%s: ServeConn returned nil", name)
		}
		if _, err := ours.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%s: ServeConn left the connection open (%v)", name, err)
		}
		if err := srv.Close(); err != nil {
			t.Errorf("%s: Close: %v", name, err)
		}
	}
}
