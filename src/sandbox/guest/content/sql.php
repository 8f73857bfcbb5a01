<?php
/**
 * Importing SQL.
 */

namespace WP_Codebox\Sandbox\Content;

require_once __DIR__ . '/site.php';

/**
 * Statements of one file.
 */
const MAX_STATEMENTS = 100000;

/**
 * Statements that a dump begins and ends with, and that mean nothing to SQLite.
 */
const WITHOUT_MEANING = '/^(SET\s|LOCK\s+TABLES|UNLOCK\s+TABLES|USE\s|START\s+TRANSACTION|BEGIN\b|COMMIT\b|ALTER\s+TABLE\s+\S+\s+(DIS|EN)ABLE\s+KEYS)/i';

/**
 * Carries out the statements of a file, after tables were emptied.
 *
 * @param string   $file     Absolute.
 * @param string[] $truncate Tables, with their prefix.
 */
function import_sql( string $file, array $truncate ): array {
	global $wpdb;
	confine( $file );
	if ( ! is_file( $file ) ) {
		throw new Refused( 'not_file', "$file is not a file." );
	}
	$there = array_flip( $wpdb->get_col( 'SHOW TABLES' ) );
	foreach ( $truncate as $table ) {
		if ( ! isset( $there[ $table ] ) ) {
			throw new Refused( 'table_missing', sprintf( 'There is no table %s to empty.', $table ) );
		}
	}
	foreach ( $truncate as $table ) {
		must_query( "TRUNCATE TABLE `$table`" );
	}
	$counts = array(
		'statements' => 0,
		'rows'       => 0,
		'skipped'    => 0,
		'truncated'  => count( $truncate ),
	);
	foreach ( new Sql_Statements( $file ) as $statement ) {
		if ( ++$counts['statements'] > MAX_STATEMENTS ) {
			throw new Refused( 'statements', sprintf( 'The file has more than %d statements.', MAX_STATEMENTS ) );
		}
		$plain = unwrapped( $statement );
		if ( '' === $plain || preg_match( WITHOUT_MEANING, $plain ) ) {
			++$counts['skipped'];
			continue;
		}
		try {
			$counts['rows'] += must_query( $plain );
		} catch ( Refused $refused ) {
			throw new Refused( $refused->reason, sprintf( 'Statement %d: %s', $counts['statements'], $refused->getMessage() ) );
		}
	}
	wp_cache_flush();
	return $counts;
}

/**
 * A statement without the comments around it; one for a version of MySQL is opened.
 *
 * @param string $statement As it stands in the file.
 */
function unwrapped( string $statement ): string {
	return (string) preg_replace( '~\A/\*!\d*\s*(.*?)\*/\s*\z~s', '$1', Sql_Statements::bare( $statement ) );
}
