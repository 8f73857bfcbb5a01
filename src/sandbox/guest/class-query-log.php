<?php
/**
 * Notes the queries that a step makes.
 */

namespace WP_Codebox\Sandbox;

/**
 * What `$wpdb` is asked while a step runs.
 */
final class Query_Log {

	/**
	 * Starts it. WordPress is loaded; what that took does not count.
	 */
	public static function begin(): void {
		defined( 'SAVEQUERIES' ) || define( 'SAVEQUERIES', true );
		if ( isset( $GLOBALS['wpdb'] ) ) {
			$GLOBALS['wpdb']->queries = array();
		}
	}

	/**
	 * What was asked. A query that there is no room for is left out as a whole, and counted.
	 *
	 * @param array{maxItems: int, maxBytes: int} $limits Queries, and bytes of them with their callers.
	 * @return array<string, mixed>
	 */
	public static function report( array $limits ): array {
		$queries = $GLOBALS['wpdb']->queries ?? null;
		if ( ! is_array( $queries ) || ! defined( 'SAVEQUERIES' ) || ! SAVEQUERIES ) {
			return array( 'status' => 'unavailable', 'reason' => 'wpdb_queries_unavailable' );
		}
		$items = array();
		$bytes = 0;
		$total = 0.0;
		foreach ( $queries as $query ) {
			list( $sql, $seconds, $caller ) = array_pad( (array) $query, 3, '' );
			$total += (float) $seconds;
			$size   = strlen( (string) $sql ) + strlen( (string) $caller ) + 64;
			if ( count( $items ) < $limits['maxItems'] && $bytes + $size <= $limits['maxBytes'] ) {
				$bytes  += $size;
				$items[] = array(
					'query'  => (string) $sql,
					'timeMs' => round( 1000 * (float) $seconds, 3 ),
					'caller' => (string) $caller,
				);
			}
		}
		return array(
			'status'      => count( $items ) < count( $queries ) ? 'partial' : 'captured',
			'count'       => count( $queries ),
			'totalTimeMs' => round( 1000 * $total, 3 ),
			'items'       => $items,
		);
	}
}
