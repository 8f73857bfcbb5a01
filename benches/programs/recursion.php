<?php
/**
 * Recursion: Fibonacci, Ackermann, the towers of Hanoi, queens on a board.
 */

function bench_fibonacci( int $n ): int {
	return $n < 2 ? $n : bench_fibonacci( $n - 1 ) + bench_fibonacci( $n - 2 );
}

function bench_ackermann( int $m, int $n ): int {
	if ( 0 === $m ) {
		return $n + 1;
	}
	return bench_ackermann( $m - 1, 0 === $n ? 1 : bench_ackermann( $m, $n - 1 ) );
}

function bench_hanoi( int $disks, string $from, string $to, string $by, int &$moves ): void {
	if ( $disks > 0 ) {
		bench_hanoi( $disks - 1, $from, $by, $to, $moves );
		++$moves;
		bench_hanoi( $disks - 1, $by, $to, $from, $moves );
	}
}

function bench_queens( int $size, int $row, int $columns, int $left, int $right ): int {
	if ( $row === $size ) {
		return 1;
	}
	$found = 0;
	for ( $column = 0; $column < $size; $column++ ) {
		$bit = 1 << $column;
		if ( ! ( ( $columns | $left | $right ) & $bit ) ) {
			$found += bench_queens( $size, $row + 1, $columns | $bit, ( $left | $bit ) << 1, ( $right | $bit ) >> 1 );
		}
	}
	return $found;
}

return static function (): string {
	$moves = 0;
	bench_hanoi( 17, 'a', 'b', 'c', $moves );
	return bench_fibonacci( 27 ) . ' ' . bench_ackermann( 2, 200 ) . " $moves " . bench_queens( 8, 0, 0, 0, 0 );
};
