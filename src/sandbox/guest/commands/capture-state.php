<?php
/**
 * Reads what WordPress's database holds. The files are the host's part.
 */

namespace WP_Codebox\Sandbox;

/**
 * Bytes of rows that a capture holds.
 */
const STATE_MAX = 8 << 20;

/**
 * The tables to read, and for each the condition on its rows.
 *
 * @param array<string, list<string>> $scope Scope.
 * @return array<string, string> Condition by table.
 * @throws Failed If a table is not there.
 */
function state_tables( array $scope ): array {
	global $wpdb;
	$all    = $wpdb->get_col( 'SHOW TABLES' );
	$tables = array();
	foreach ( array( 'tables', 'except_tables' ) as $field ) {
		foreach ( $scope[ $field ] ?? array() as $name ) {
			if ( ! array_intersect( array( $name, $wpdb->prefix . $name ), $all ) ) {
				throw new Failed( 'state_no_table', sprintf( 'The database has no table "%s".', $name ), array( 'tables' => $all ) );
			}
		}
	}
	$named = static fn( string $table, string $field ): bool => array() !== array_intersect( array( $table, (string) preg_replace( '/^' . preg_quote( $wpdb->prefix, '/' ) . '/', '', $table ) ), $scope[ $field ] ?? array() );
	$among = static fn( string $column, array $values ): string => $column . ' IN (' . implode( ', ', array_map( static fn( string $value ) => $wpdb->prepare( '%s', $value ), $values ) ) . ')';
	foreach ( $all as $table ) {
		if ( ( ! empty( $scope['tables'] ) && ! $named( $table, 'tables' ) ) || $named( $table, 'except_tables' ) ) {
			continue;
		}
		$tables[ $table ] = '1 = 1';
	}
	if ( ! empty( $scope['options'] ) && isset( $tables[ $wpdb->options ] ) ) {
		$tables[ $wpdb->options ] = $among( 'option_name', $scope['options'] );
	}
	if ( ! empty( $scope['post_types'] ) ) {
		$posts = $among( 'post_type', $scope['post_types'] );
		foreach ( array( $wpdb->posts => $posts, $wpdb->postmeta => "post_id IN (SELECT ID FROM $wpdb->posts WHERE $posts)" ) as $table => $condition ) {
			if ( isset( $tables[ $table ] ) ) {
				$tables[ $table ] = $condition;
			}
		}
	}
	return $tables;
}

/**
 * A value as JSON can carry it.
 *
 * @param string|null $value Value.
 */
function state_value( ?string $value ): mixed {
	return null === $value || mb_check_encoding( $value, 'UTF-8' ) ? $value : array( 'base64' => base64_encode( $value ) );
}

return static function ( array $scope ): array {
	global $wpdb;
	$size   = 0;
	$tables = array();
	foreach ( state_tables( $scope ) as $table => $condition ) {
		$rows = array();
		// A page at a time, so that what is too large is noticed before it is in memory.
		for ( $from = 0; ; $from += 500 ) {
			$page = $wpdb->get_results( "SELECT * FROM `$table` WHERE $condition LIMIT $from, 500", ARRAY_A ) ?? array();
			foreach ( $page as $row ) {
				$size += array_sum( array_map( 'strlen', array_map( 'strval', $row ) ) ) + 16 * count( $row );
				if ( $size > STATE_MAX ) {
					throw new Failed( 'state_too_large', sprintf( 'The database holds more than %d MiB. Name what is wanted with snapshot-database-tables, snapshot-post-types or snapshot-option-names.', STATE_MAX >> 20 ), array( 'table' => $table ) );
				}
				$rows[] = array_values( array_map( 'WP_Codebox\Sandbox\state_value', $row ) );
			}
			if ( count( $page ) < 500 ) {
				break;
			}
		}
		$tables[] = array(
			'name'    => $table,
			'create'  => (string) ( $wpdb->get_row( "SHOW CREATE TABLE `$table`", ARRAY_N )[1] ?? '' ),
			'columns' => $wpdb->get_col( "SHOW COLUMNS FROM `$table`" ),
			'rows'    => $rows,
		);
	}
	return array(
		'tables'        => $tables,
		'version'       => \wp_get_wp_version(),
		'phpVersion'    => PHP_VERSION,
		'prefix'        => $wpdb->prefix,
		'siteUrl'       => \site_url(),
		'activePlugins' => array_values( (array) \get_option( 'active_plugins' ) ),
		'activeTheme'   => \get_stylesheet(),
	);
};
