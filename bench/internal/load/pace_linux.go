package load

import "time"

// pace says when batches are due in a run with a rate. Connections take turns,
// so that the next one due is always the next in order.
//
// The generator spins between batches. That costs a core, but it is exact.
type pace struct {
	period time.Duration // between two batches of one connection
	gap    time.Duration // between two batches
	next   int64         // batches that were due so far
	last   time.Duration // when the generator last looked
}

// noticeable is the time between two looks at the clock from which on it is
// noted. It need not be the machine's doing: fifty replies at once, after a stall
// of the server, take as long.
const noticeable = time.Millisecond

func newPace(cfg *Config) *pace {
	gap := time.Duration(float64(time.Second) * float64(cfg.Depth) / cfg.Rate)
	return &pace{gap: gap, period: gap * time.Duration(cfg.Conns)}
}

// due sends what is due by now and reports whether the run is over.
func (l *loop) due() (over bool, err error) {
	p, now := l.pace, l.now()
	if now-p.last > noticeable && len(l.res.Gaps) < maxSpans {
		l.res.Gaps = append(l.res.Gaps, Span{From: l.base.Add(p.last), To: l.base.Add(now)})
	}
	p.last = now
	for {
		at := time.Duration(p.next) * p.gap
		if l.over(at) {
			return true, nil
		}
		if at > now {
			return false, nil
		}
		i := int(p.next % int64(len(l.conns)))
		p.next++
		if c := l.conns[i]; !c.idle() {
			c.owed++
			continue
		}
		if err := l.send(i, at); err != nil {
			return false, err
		}
	}
}
