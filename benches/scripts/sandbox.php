<?php
/**
 * What the measuring scripts share: the query, and how a sandbox runs code.
 */

declare( strict_types = 1 );

const BENCH_QUERY = "return array( get_bloginfo( 'name' ), (int) wp_count_posts()->publish );";

/**
 * Runs code in a sandbox and returns its execution result.
 *
 * @return array<string, mixed>
 */
function bench_execute( WP_Codebox_Sandbox $sandbox, string $code ): array {
	$execution = $sandbox->execute( 'wordpress.run-php', array( 'code' => $code ), array() );
	if ( isset( $execution['error'] ) ) {
		throw new RuntimeException( json_encode( $execution['error'] ) );
	}
	return $execution;
}

/**
 * Milliseconds since a time of hrtime().
 */
function bench_since( int $began ): float {
	return ( hrtime( true ) - $began ) / 1e6;
}

/**
 * This process's proportional share of memory, KiB.
 */
function bench_pss(): int {
	preg_match( '/^Pss:\s+(\d+) kB$/m', (string) file_get_contents( '/proc/self/smaps_rollup' ), $found );
	return (int) $found[1];
}
