<?php
/**
 * `wp codebox`.
 *
 * @package WP_Codebox
 */

declare( strict_types = 1 );

/**
 * Registers the commands. Those that run an ability are read off the extension's table.
 *
 * @since 0.1.0
 */
final class WP_Codebox_CLI {

	/**
	 * Registers every command.
	 *
	 * @since 0.1.0
	 */
	public static function register(): void {
		if ( ! WP_Codebox_Extension::is_usable() ) {
			WP_CLI::add_command( 'codebox', new WP_Codebox_CLI_Missing_Extension(), WP_Codebox_CLI_Missing_Extension::help() );
			return;
		}

		WP_CLI::add_command( 'codebox', WP_Codebox_CLI_Family::class );
		foreach ( WP_Codebox_API::abilities() as $row ) {
			if ( ! isset( $row['cli'] ) ) {
				continue;
			}
			$words = explode( ' ', $row['cli']['command'] );
			if ( isset( $words[1] ) ) {
				WP_CLI::add_command( 'codebox ' . $words[0], WP_Codebox_CLI_Family::class, array( 'shortdesc' => "See: wp help codebox {$words[0]}" ) );
			}
			$command = new WP_Codebox_CLI_Ability_Command( $row );
			foreach ( array_merge( array( $row['cli']['command'] ), $row['cli']['aliases'] ) as $words ) {
				WP_CLI::add_command( 'codebox ' . $words, $command, $command->help() );
			}
		}
		WP_CLI::add_command( 'codebox doctor', new WP_Codebox_CLI_Doctor_Command(), WP_Codebox_CLI_Doctor_Command::help() );
	}
}
