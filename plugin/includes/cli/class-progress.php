<?php
/**
 * Progress of a run.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * Says on stderr where a run is, if somebody is there to read it.
 *
 * @since 0.1.0
 */
final class WP_Codebox_CLI_Progress {

	/**
	 * Listens to runs from now on.
	 *
	 * @since 0.1.0
	 */
	public static function watch(): void {
		if ( ! WP_CLI::get_config( 'quiet' ) && stream_isatty( STDERR ) ) {
			add_action( 'wp_codebox_progress', array( self::class, 'show' ) );
		}
	}

	/**
	 * Prints one line.
	 *
	 * @since 0.1.0
	 *
	 * @param array<string, mixed> $told `wp-codebox/recipe-progress/v1`.
	 */
	public static function show( array $told ): void {
		// What a recipe or a sandbox says must not command the terminal.
		$line = (string) preg_replace( '/\p{C}+/u', ' ', self::line( $told ) );
		if ( '' !== $line ) {
			fwrite( STDERR, $line . "\n" );
		}
	}

	/**
	 * What there is to say.
	 *
	 * @since 0.1.0
	 *
	 * @param array<string, mixed> $told `wp-codebox/recipe-progress/v1`.
	 */
	public static function line( array $told ): string {
		switch ( $told['type'] ?? '' ) {
			case 'phase-began':
				return ucfirst( str_replace( '_', ' ', (string) $told['phase'] ) );
			case 'step-ended':
				$failed  = 'failed' === $told['status'];
				$message = $failed ? ': ' . ( $told['message'] ?? '' ) : '';
				return sprintf( '  %s %s (%.0f ms)%s', $failed ? 'x' : '+', $told['step'], $told['durationMs'], $message );
		}
		return '';
	}
}
