package main

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"strings"
)

// The plot is panels one above the other, time from left to right.
const (
	plotWidth, panelHeight = 1000, 150
	marginLeft, marginTop  = 90, 30
	scale                  = 2 // of the letters
)

// panel is a figure over time.
type panel struct {
	title string
	of    func(sample) float64
}

// plot draws the samples into a PNG file.
func plot(path string, samples []sample) error {
	panels := []panel{
		{"RESIDENT MB", func(s sample) float64 { return s.resident / 1e6 }},
		{"USED MB", func(s sample) float64 { return s.used / 1e6 }},
		{"PAYLOAD MB", func(s sample) float64 { return s.payload / 1e6 }},
		{"ITEMS", func(s sample) float64 { return s.items }},
		{"GOROUTINES", func(s sample) float64 { return s.goroutines }},
		{"DESCRIPTORS", func(s sample) float64 { return s.descriptors }},
		{"CALLS PER S", func(s sample) float64 { return s.rate }},
		{"P99 MS", func(s sample) float64 { return float64(s.p99) / 1e6 }},
	}
	img := image.NewRGBA(image.Rect(0, 0, plotWidth, len(panels)*panelHeight+marginTop))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for i, p := range panels {
		p.draw(img, image.Rect(marginLeft, i*panelHeight+marginTop, plotWidth-20, (i+1)*panelHeight), samples)
	}
	if n := len(samples); n > 0 {
		text := fmt.Sprintf("0 TO %.0f S", samples[n-1].at.Seconds())
		write(img, marginLeft, len(panels)*panelHeight+8, text, color.Black)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := png.Encode(f, img); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// draw draws the panel into r, from 0 to the largest value.
func (p panel) draw(img draw.Image, r image.Rectangle, samples []sample) {
	gray, blue := color.Gray{200}, color.RGBA{30, 80, 180, 255}
	top := 1e-9
	for _, s := range samples {
		top = max(top, p.of(s))
	}
	for x := r.Min.X; x < r.Max.X; x++ {
		img.Set(x, r.Max.Y, gray)
		img.Set(x, r.Min.Y, gray)
	}
	write(img, r.Min.X, r.Min.Y-14, p.title, color.Black)
	write(img, 4, r.Min.Y-4, short(top), color.Black)
	write(img, 4, r.Max.Y-6, "0", color.Black)
	height := float64(r.Dy())
	before := r.Max.Y
	for x := r.Min.X; x < r.Max.X && len(samples) > 0; x++ {
		s := samples[(x-r.Min.X)*len(samples)/r.Dx()]
		y := r.Max.Y - int(p.of(s)/top*height)
		if x == r.Min.X {
			before = y
		}
		for v := min(y, before); v <= max(y, before); v++ {
			img.Set(x, v, blue)
			img.Set(x, v+1, blue)
		}
		before = y
	}
}

// short writes a number in few letters.
func short(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.1fM", n/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.0fK", n/1e3)
	case n >= 100:
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprintf("%.2f", n)
}

// letters are 3 dots wide and 5 high, row by row.
var letters = map[rune]string{
	'0': "####.##.##.####", '1': ".#.##..#..#.###", '2': "###..#####..###", '3': "###..####..####", '4': "#.##.####..#..#",
	'5': "####..###..####", '6': "####..####.####", '7': "###..#.#..#..#.", '8': "####.#####.####", '9': "####.####..####",
	'A': ".#.#.#####.##.#", 'B': "##.#.###.#.###.", 'C': ".###..#..#...##", 'D': "##.#.##.##.###.", 'E': "####..##.#..###",
	'F': "####..##.#..#..", 'G': ".###..#.##.#.##", 'H': "#.##.#####.##.#", 'I': "###.#..#..#.###", 'J': "..#..#..##.#.#.",
	'K': "#.##.###.#.##.#", 'L': "#..#..#..#..###", 'M': "#.########.##.#", 'N': "##.#.##.##.##.#", 'O': ".#.#.##.##.#.#.",
	'P': "##.#.###.#..#..", 'Q': ".#.#.##.###..##", 'R': "##.#.###.#.##.#", 'S': ".###...#...###.", 'T': "###.#..#..#..#.",
	'U': "#.##.##.##.####", 'V': "#.##.##.##.#.#.", 'W': "#.##.########.#", 'X': "#.##.#.#.#.##.#", 'Y': "#.##.#.#..#..#.",
	'Z': "###..#.#.#..###", '.': ".............#.", ' ': strings.Repeat(".", 15),
}

// write writes capitals and digits.
func write(img draw.Image, x, y int, text string, c color.Color) {
	for _, r := range text {
		for i, dot := range letters[r] {
			if dot != '#' {
				continue
			}
			for d := range scale * scale {
				img.Set(x+i%3*scale+d%scale, y+i/3*scale+d/scale, c)
			}
		}
		x += 4 * scale
	}
}
