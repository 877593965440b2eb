package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// holdClients starts one of the harness's hidden commands with a job, in a
// process of its own for the sake of its descriptors. It returns once the
// command has answered; its connections stay until end is called.
func holdClients(ctx context.Context, e *env, name string, job, answer any) (end func() error, err error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	arg, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, name, string(arg))
	cmd.Stderr = e.stderr
	in, ierr := cmd.StdinPipe()
	out, oerr := cmd.StdoutPipe()
	if err := errors.Join(ierr, oerr); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	end = func() error { return errors.Join(in.Close(), cmd.Wait()) }
	if err := json.NewDecoder(out).Decode(answer); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), end())
	}
	return end, nil
}
