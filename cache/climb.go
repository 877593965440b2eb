package cache

// climber looks for the best share of the window: it changes the share a
// little, looks whether more uses are hits than before, and turns round if
// not. (G. Einziger, O. Eytan, R. Friedman, B. Manes, "Adaptive software cache
// management", Middleware 2018.)
type climber struct {
	share float64 // how much of all items the window may have
	step  float64 // the next change, with its sign
	ratio float64 // hits among the uses of the last period
	since int64   // uses when this period began
	fresh int64   // items made until then
}

const (
	shareStart = 0.28
	shareLeast = 0.01
	shareMost  = 0.80
	climbStep  = 0.0625
	climbDecay = 0.98
	// climbJump is a change of the ratio that begins the search anew: the load
	// is another one.
	climbJump = 0.05
	// climbPeriod is how many uses for each item make a period.
	climbPeriod = 10
)

func newClimber(uses, made int64) climber {
	return climber{share: shareStart, step: -climbStep, since: uses, fresh: made}
}

// climb ends the period if it is long enough. uses is how often items were
// used or made so far, made how many of these uses made an item, and items how
// many there are.
func (c *climber) climb(uses, made int64, items int) {
	n := uses - c.since
	if n < int64(climbPeriod*items) {
		return
	}
	ratio := 1 - float64(made-c.fresh)/float64(n)
	change := ratio - c.ratio
	if change < 0 {
		c.step = -c.step
	}
	c.share = min(max(c.share+c.step, shareLeast), shareMost)
	switch jump := change >= climbJump || change <= -climbJump; {
	case jump && c.step > 0:
		c.step = climbStep
	case jump:
		c.step = -climbStep
	default:
		c.step *= climbDecay
	}
	c.ratio, c.since, c.fresh = ratio, uses, made
}
