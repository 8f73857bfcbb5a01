<?php
/**
 * Floating point: the Mandelbrot set, and a series with transcendental functions.
 */

return static function (): string {
	$inside = 0;
	for ( $y = 0; $y < 180; $y++ ) {
		$ci = 2.0 * $y / 180 - 1.0;
		for ( $x = 0; $x < 180; $x++ ) {
			$cr = 3.0 * $x / 180 - 2.0;
			$zr = 0.0;
			$zi = 0.0;
			for ( $n = 0; $n < 50; $n++ ) {
				$square = $zr * $zr - $zi * $zi + $cr;
				$zi     = 2.0 * $zr * $zi + $ci;
				$zr     = $square;
				if ( $zr * $zr + $zi * $zi > 4.0 ) {
					break;
				}
			}
			$inside += 50 === $n ? 1 : 0;
		}
	}
	$series = 0.0;
	for ( $i = 1; $i < 150000; $i++ ) {
		$series += sin( $i ) / $i + sqrt( $i ) * 1e-3 + fmod( $i, 7.5 ) - intdiv( $i, 3 ) * 1e-4;
	}
	return $inside . ' ' . round( $series, 6 );
};
