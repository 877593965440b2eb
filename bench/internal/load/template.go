package load

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"

	"github.com/gogibson/gibson/bench/internal/workload"
)

// template is one rendered request whose digits stand where noted.
type template struct {
	text  []byte
	key   int // offset of the key's digits
	value int // offset of the value's digits, 0 for GET
}

// marker is the number that templates are rendered with, to find its places.
const marker = 98765432

func newTemplate(text []byte, writes bool) template {
	var digits [workload.Digits]byte
	workload.PutDigits(digits[:], marker)
	t := template{text: text, key: bytes.Index(text, digits[:])}
	if writes {
		t.value = bytes.LastIndex(text, digits[:])
	}
	return t
}

// script renders batches of requests.
type script struct {
	get    template
	sets   []template // one for each TTL
	writes uint64     // of 2^32
	choice workload.Choice
	rng    *rand.PCG
}

func newScript(cfg *Config) *script {
	key := cfg.Family.Append(nil, marker)
	value := workload.AppendValue(nil, marker, cfg.ValueSize)
	s := &script{
		get:    newTemplate(cfg.Protocol.AppendGet(nil, key), false),
		writes: uint64(cfg.Writes * (1 << 32)),
		choice: cfg.Choice,
		rng:    rand.NewPCG(3, 4),
	}
	ttls := cfg.TTLs
	if len(ttls) == 0 {
		ttls = []int{0}
	}
	for _, ttl := range ttls {
		s.sets = append(s.sets, newTemplate(cfg.Protocol.AppendSet(nil, key, value, ttl), true))
	}
	return s
}

// slot is what the generator remembers of a request until it is answered.
type slot struct {
	digits uint64 // as they stand in the key, for comparison with the value's
	set    bool
}

// append appends one request to dst.
func (s *script) append(dst []byte) ([]byte, slot) {
	i := s.choice.Next()
	t, set := &s.get, false
	if s.writes != 0 {
		r := s.rng.Uint64()
		if set = r>>32 < s.writes; set {
			t = &s.sets[int(uint64(uint32(r))*uint64(len(s.sets))>>32)]
		}
	}
	start := len(dst)
	dst = append(dst, t.text...)
	digits := dst[start+t.key:]
	workload.PutDigits(digits, i)
	if set {
		copy(dst[start+t.value:], digits[:workload.Digits])
	}
	return dst, slot{digits: binary.LittleEndian.Uint64(digits), set: set}
}
